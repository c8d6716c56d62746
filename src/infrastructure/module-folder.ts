import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';

/** The Terraform module of a provider as it came with the tool: beside the bundle, or at the top of a checkout. */
export const moduleFolder = (provider: string): string => {
	let folder = import.meta.dirname;
	for (;;) {
		const candidate = join(folder, 'terraform', provider);
		if (existsSync(join(candidate, 'main.tf'))) return candidate;
		const parent = dirname(folder);
		if (parent === folder) throw new Error(`the Terraform module of ${provider} is missing from this installation`);
		folder = parent;
	}
};
