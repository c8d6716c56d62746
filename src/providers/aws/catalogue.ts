import {catalogueOf} from '../catalogue.ts';
import data from './catalogue.json' with {type: 'json'};

/** AWS: SEV-SNP needs third generation EPYC families in two regions; NitroTPM is in most newer families, without encrypted memory for attestation. */
export const awsCatalogue = catalogueOf(data, {title: 'AWS', variants: ['aws-sev-snp', 'aws-nitro-tpm']});
