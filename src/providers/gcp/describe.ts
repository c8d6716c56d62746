import {losses, planWords} from '../plan-words.ts';

/** What the resources of the modules for Google Cloud are to a person. */
export const gcpPlanWords = planWords({
	Machines: {
		google_compute_instance_group_manager: {
			name: 'instance group',
			costs: 'machines by the hour (Confidential VMs add to the price), and a boot and state disk each',
			loss: losses.disks,
		},
		google_compute_instance_template: 'instance template',
	},
	Network: {
		google_compute_network: 'network',
		google_compute_subnetwork: 'subnet',
		google_compute_firewall: 'firewall rule',
		google_compute_router: 'router',
		google_compute_router_nat: {
			name: 'NAT gateway',
			costs: 'the NAT gateway by the hour and machine, and by what goes through it',
		},
		google_compute_address: {
			name: 'address of the NAT gateway',
			plural: 'addresses of the NAT gateway',
			costs: 'public addresses by the hour',
		},
	},
	'Load balancer': {
		google_compute_global_address: {
			name: 'global address',
			plural: 'global addresses',
			loss: losses.address,
		},
		google_compute_global_forwarding_rule: {
			name: 'forwarding rule',
			costs: 'global forwarding rules by the hour, and what goes through them',
		},
		google_compute_backend_service: 'backend service',
		google_compute_health_check: 'health check',
		google_compute_target_tcp_proxy: ['TCP proxy', 'TCP proxies'],
		google_compute_security_policy: {
			name: 'security policy',
			plural: 'security policies',
			costs: 'security policies by the month, rule and request',
		},
	},
	Identity: {
		google_service_account: {
			name: 'service account',
			loss: 'Machines that run as the service account lose every permission at once.',
		},
		google_project_iam_custom_role: {
			name: 'custom role',
			loss: 'Google Cloud keeps the name of a deleted role for 37 days: make the next one with another prefix.',
		},
		google_project_iam_member: ['membership in a role', 'memberships in roles'],
		google_service_account_iam_member: ['right on the service account', 'rights on the service account'],
	},
});
