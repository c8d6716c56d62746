import type {PlanWords} from '../plan-words.ts';

/** What the resources of the modules for Azure are to a person. */
export const azurePlanWords: PlanWords = {
	azurerm_linux_virtual_machine_scale_set: {
		topic: 'Machines',
		name: 'scale set',
		costs: 'machines by the hour, and a premium OS and state disk each',
		loss: 'State disks go with their machines, with everything that Kubernetes keeps on them.',
	},
	azurerm_virtual_network: {topic: 'Network', name: 'network'},
	azurerm_subnet: {topic: 'Network', name: 'subnet'},
	azurerm_network_security_group: {topic: 'Network', name: 'security group'},
	azurerm_network_security_rule: {topic: 'Network', name: 'rule for what comes in', plural: 'rules for what comes in'},
	azurerm_nat_gateway: {topic: 'Network', name: 'NAT gateway', costs: 'the NAT gateway by the hour and by what goes through it'},
	azurerm_nat_gateway_public_ip_association: {
		topic: 'Network',
		name: 'address of the NAT gateway',
		plural: 'addresses of the NAT gateway',
	},
	azurerm_subnet_nat_gateway_association: {topic: 'Network', name: 'way out of a subnet', plural: 'ways out of subnets'},
	azurerm_public_ip: {
		topic: 'Network',
		name: 'public address',
		plural: 'public addresses',
		costs: 'public addresses by the hour',
		loss: 'The address of the load balancer is given back: kubeconfigs and DNS entries that name it end to work.',
	},
	azurerm_lb: {topic: 'Load balancer', name: 'load balancer'},
	azurerm_lb_backend_address_pool: {topic: 'Load balancer', name: 'backend pool'},
	azurerm_lb_probe: {topic: 'Load balancer', name: 'probe'},
	azurerm_lb_rule: {
		topic: 'Load balancer',
		name: 'rule of the load balancer',
		plural: 'rules of the load balancer',
		costs: 'load balancer rules by the hour, and traffic',
	},
	azurerm_attestation_provider: {topic: 'Identity', name: 'attestation provider'},
	azurerm_application_insights: {
		topic: 'Logs',
		name: 'log of boots',
		plural: 'logs of boots',
		costs: 'logs by what is written',
		loss: 'The boot logs are deleted.',
	},
	azurerm_resource_group: {
		topic: 'Identity',
		name: 'resource group',
		loss: 'A resource group goes for good; one that holds anything else is refused.',
	},
	azurerm_user_assigned_identity: {
		topic: 'Identity',
		name: 'identity',
		plural: 'identities',
		loss: 'Machines that use the identity lose every permission at once.',
	},
	azurerm_role_definition: {topic: 'Identity', name: 'role'},
	azurerm_role_assignment: {topic: 'Identity', name: 'role assignment'},
};
