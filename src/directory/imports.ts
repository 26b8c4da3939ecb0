export const IMPORT_STATES = ['staging', 'running', 'paused', 'done', 'cancelled'] as const;
export const ROW_OUTCOMES = ['pending', 'created', 'updated', 'unchanged', 'rejected', 'cancelled'] as const;
export const IMPORT_ACTIONS = ['pause', 'resume', 'cancel'] as const;
