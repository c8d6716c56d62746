import type {OpenstackConfig} from '../../config/schema.ts';
import {type CloudInput, type CloudVariables, commonVariables} from '../module-input.ts';

/** Variables of terraform/stackit. Its region is that of the STACKIT API; OpenStack calls it RegionOne. */
export function stackitVariables(config: OpenstackConfig, input: CloudInput): CloudVariables {
	const {cloud, projectID, stackitProjectID, floatingIPPoolID, dnsServers} = config.provider.openstack;
	return commonVariables(config, input, {
		cloud,
		project: stackitProjectID ?? projectID,
		floating_ip_pool: floatingIPPoolID,
		dns_servers: dnsServers,
	});
}
