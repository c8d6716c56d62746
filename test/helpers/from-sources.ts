// The tool as it is in the sources: what dist/cli.mjs is, without a build.
await import('../../src/cli.ts');

export {};
