/** What follows the name of a task queue in that of its calls to applications. */
export const APPLICATION_QUEUE = '-application';

/** What follows it in that of the steps of imports, so that a file takes no place from a step of somebody's. */
export const IMPORT_QUEUE = '-import';
