/** What follows the name of a task queue in that of its calls to applications. */
export const APPLICATION_QUEUE = '-application';
