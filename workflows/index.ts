export { convergeInstance } from './converge-instance.js';
export { convergeUser } from './converge-user.js';
