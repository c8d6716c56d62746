import {catalogueOf} from '../catalogue.ts';
import data from './catalogue.json' with {type: 'json'};

/** Azure: names of sizes are case-sensitive here, as they are in Terraform. */
export const azureCatalogue = catalogueOf(data, {
	title: 'Azure',
	variants: ['azure-sev-snp', 'azure-tdx', 'azure-trustedlaunch'],
	word: 'size',
});
