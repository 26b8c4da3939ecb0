/**
 * The import rules of the layout (docs/architecture.md), held against the build: an import of a type is gone there, and is
 * no dependency.
 */
module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'workflows-are-deterministic',
      comment: 'Workflow code imports the Temporal workflow library, itself, and types.',
      severity: 'error',
      from: { path: '^dist/workflows/' },
      to: { pathNot: ['^dist/workflows/', 'node_modules/@temporalio/(workflow|common)/'] },
    },
    {
      name: 'activities-use-the-directory',
      severity: 'error',
      from: { path: '^dist/activities/' },
      to: {
        path: '^dist/',
        pathNot: '^dist/(?:(?:activities|src/directory|src/application|src/imports)/|src/errors\\.js$)',
      },
    },
    {
      name: 'scim-protocol-is-pure',
      severity: 'error',
      from: { path: '^dist/src/scim/protocol/' },
      to: { pathNot: '^dist/src/scim/protocol/' },
    },
    {
      name: 'only-config-reads-the-environment',
      comment: 'The other way to process.env is the global, which the tests look for.',
      severity: 'error',
      from: { pathNot: '^dist/src/config\\.js$' },
      to: { path: '^(node:)?process$' },
    },
    {
      name: 'programs-are-not-imported',
      severity: 'error',
      from: {},
      to: { path: '^dist/src/(server|worker|cli)\\.js$' },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
