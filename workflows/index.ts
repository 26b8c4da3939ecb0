export { convergeInstance } from './converge-instance.js';
export { convergeUser } from './converge-user.js';
export { importBatch } from './import-batch.js';
