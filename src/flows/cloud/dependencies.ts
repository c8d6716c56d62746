import type {CloudConfig} from '../../config/schema.ts';
import type {Terraform} from '../../infrastructure/terraform.ts';
import type {CheckResult} from '../../providers/check.ts';
import type {Workspace} from '../../workspace/files.ts';
import type {Journal} from '../../workspace/journal.ts';

/** What the flows for clouds need of the world; made by `cloudDependencies` for the product, by hand in tests. */
export type CloudDependencies = {
	workspace: Workspace;
	journal: Journal;
	env: NodeJS.ProcessEnv;
	now: () => number;
	random: (bytes: number) => Uint8Array;
	/** bcrypt. */
	hashSecret: (secret: Uint8Array) => Promise<string>;
	secretMatches: (secret: Uint8Array, hash: string) => Promise<boolean>;
	/** An SSH public key whose private key is thrown away: Azure insists on one, and nobody logs in to a node. */
	sshKey: () => Promise<string>;
	/** Terraform for a config's cloud. With variables: module and variables written anew. */
	terraform: (config: CloudConfig, signal: AbortSignal, variables?: Readonly<Record<string, unknown>>) => Promise<Terraform>;
	/** What can be asked of the cloud before anything is made, with the credentials of the environment. */
	checks: (config: CloudConfig) => Promise<readonly {id: string; title: string; run: () => Promise<CheckResult>}[]>;
};
