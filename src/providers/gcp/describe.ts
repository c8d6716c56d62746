import type {PlanWords} from '../plan-words.ts';

/** What the resources of the modules for Google Cloud are to a person. */
export const gcpPlanWords: PlanWords = {
	google_compute_instance_group_manager: {
		topic: 'Machines',
		name: 'instance group',
		costs: 'machines by the hour (Confidential VMs add to the price), and a boot and state disk each',
		loss: 'State disks go with their machines, with everything that Kubernetes keeps on them.',
	},
	google_compute_instance_template: {topic: 'Machines', name: 'instance template'},
	google_compute_network: {topic: 'Network', name: 'network'},
	google_compute_subnetwork: {topic: 'Network', name: 'subnet'},
	google_compute_firewall: {topic: 'Network', name: 'firewall rule'},
	google_compute_router: {topic: 'Network', name: 'router'},
	google_compute_router_nat: {
		topic: 'Network',
		name: 'NAT gateway',
		costs: 'the NAT gateway by the hour and machine, and by what goes through it',
	},
	google_compute_address: {
		topic: 'Network',
		name: 'address of the NAT gateway',
		plural: 'addresses of the NAT gateway',
		costs: 'public addresses by the hour',
	},
	google_compute_global_address: {
		topic: 'Load balancer',
		name: 'global address',
		plural: 'global addresses',
		loss: 'The address of the load balancer is given back: kubeconfigs and DNS entries that name it end to work.',
	},
	google_compute_global_forwarding_rule: {
		topic: 'Load balancer',
		name: 'forwarding rule',
		costs: 'global forwarding rules by the hour, and what goes through them',
	},
	google_compute_backend_service: {topic: 'Load balancer', name: 'backend service'},
	google_compute_health_check: {topic: 'Load balancer', name: 'health check'},
	google_compute_target_tcp_proxy: {topic: 'Load balancer', name: 'TCP proxy', plural: 'TCP proxies'},
	google_compute_security_policy: {
		topic: 'Load balancer',
		name: 'security policy',
		plural: 'security policies',
		costs: 'security policies by the month, rule and request',
	},
	google_service_account: {
		topic: 'Identity',
		name: 'service account',
		loss: 'Machines that run as the service account lose every permission at once.',
	},
	google_project_iam_custom_role: {
		topic: 'Identity',
		name: 'custom role',
		loss: 'Google Cloud keeps the name of a deleted role for 37 days: make the next one with another prefix.',
	},
	google_project_iam_member: {topic: 'Identity', name: 'membership in a role', plural: 'memberships in roles'},
	google_service_account_iam_member: {
		topic: 'Identity',
		name: 'right on the service account',
		plural: 'rights on the service account',
	},
};
