/** TPM register that carries the cluster ID: zero before a node is in a cluster. */
export const clusterRegister = 15;

/** What the registers of a local node stand for; all others stay zero. */
export const localRegisters = {launcher: 4, bundle: 9, runtime: 11, commandLine: 12, cluster: clusterRegister} as const;
