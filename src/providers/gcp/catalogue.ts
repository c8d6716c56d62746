import {catalogueOf} from '../catalogue.ts';
import data from './catalogue.json' with {type: 'json'};

/** Google Cloud: SEV-SNP is on N2D in few regions, SEV on N2D and C2D in many. */
export const gcpCatalogue = catalogueOf(data, {
	title: 'Google Cloud',
	variants: ['gcp-sev-snp', 'gcp-sev-es'],
	word: 'machine type',
});
