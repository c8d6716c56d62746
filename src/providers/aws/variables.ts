import {variantOf} from '../../config/provider.ts';
import type {AwsConfig} from '../../config/schema.ts';
import {type CloudInput, type CloudVariables, commonVariables} from '../module-input.ts';

/** Variables of terraform/aws. */
export function awsVariables(config: AwsConfig, input: CloudInput): CloudVariables {
	const {region, zone, iamProfileControlPlane, iamProfileWorkerNodes} = config.provider.aws;
	return commonVariables(config, input, {
		region,
		zone,
		iam_profile_control_plane: iamProfileControlPlane,
		iam_profile_worker: iamProfileWorkerNodes,
		sev_snp: variantOf(config) === 'aws-sev-snp',
	});
}
