import type {OpenstackConfig} from '../../config/schema.ts';
import {type CloudInput, type CloudVariables, commonVariables} from '../module-input.ts';

/** Variables of terraform/openstack. */
export function openstackVariables(config: OpenstackConfig, input: CloudInput): CloudVariables {
	const {cloud, regionName, floatingIPPoolID, dnsServers} = config.provider.openstack;
	return commonVariables(config, input, {cloud, region: regionName, floating_ip_pool: floatingIPPoolID, dns_servers: dnsServers});
}
