import {losses, planWords} from '../plan-words.ts';

/** What the resources of the modules for Azure are to a person. */
export const azurePlanWords = planWords({
	Machines: {
		azurerm_linux_virtual_machine_scale_set: {
			name: 'scale set',
			costs: 'machines by the hour, and a premium OS and state disk each',
			loss: losses.disks,
		},
	},
	Network: {
		azurerm_virtual_network: 'network',
		azurerm_subnet: 'subnet',
		azurerm_network_security_group: 'security group',
		azurerm_network_security_rule: ['rule for what comes in', 'rules for what comes in'],
		azurerm_nat_gateway: {
			name: 'NAT gateway',
			costs: 'the NAT gateway by the hour and by what goes through it',
		},
		azurerm_nat_gateway_public_ip_association: ['address of the NAT gateway', 'addresses of the NAT gateway'],
		azurerm_subnet_nat_gateway_association: ['way out of a subnet', 'ways out of subnets'],
		azurerm_public_ip: {
			name: 'public address',
			plural: 'public addresses',
			costs: 'public addresses by the hour',
			loss: losses.address,
		},
	},
	'Load balancer': {
		azurerm_lb: 'load balancer',
		azurerm_lb_backend_address_pool: 'backend pool',
		azurerm_lb_probe: 'probe',
		azurerm_lb_rule: {
			name: 'rule of the load balancer',
			plural: 'rules of the load balancer',
			costs: 'load balancer rules by the hour, and traffic',
		},
	},
	Identity: {
		azurerm_attestation_provider: 'attestation provider',
		azurerm_resource_group: {
			name: 'resource group',
			loss: 'A resource group goes for good; one that holds anything else is refused.',
		},
		azurerm_user_assigned_identity: {
			name: 'identity',
			plural: 'identities',
			loss: 'Machines that use the identity lose every permission at once.',
		},
		azurerm_role_definition: 'role',
		azurerm_role_assignment: 'role assignment',
	},
	Logs: {
		azurerm_application_insights: {
			name: 'log of boots',
			plural: 'logs of boots',
			costs: 'logs by what is written',
			loss: losses.bootLogs,
		},
	},
});
