import {variantOf} from '../../config/provider.ts';
import type {GcpConfig} from '../../config/schema.ts';
import {type CloudInput, type CloudVariables, commonVariables} from '../module-input.ts';

/** Variables of terraform/gcp. */
export function gcpVariables(config: GcpConfig, input: CloudInput): CloudVariables {
	const {project, region, zone, serviceAccount = ''} = config.provider.gcp;
	return commonVariables(config, input, {
		project,
		region,
		zone,
		technology: variantOf(config) === 'gcp-sev-snp' ? 'SEV_SNP' : 'SEV',
		service_account: serviceAccount,
	});
}
