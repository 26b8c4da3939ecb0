import { serveFrontDoor } from './support/serve-front-door.js';

await serveFrontDoor({ requestLog: true });
