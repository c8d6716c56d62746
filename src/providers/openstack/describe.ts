import {losses, planWords} from '../plan-words.ts';

/** What the resources of the modules for OpenStack and STACKIT are to a person. */
export const openstackPlanWords = planWords({
	Machines: {
		openstack_compute_instance_v2: {
			name: 'machine',
			costs: 'machines by their flavor, and a boot and state volume each',
			loss: 'State disks go with their machines, with everything that Kubernetes keeps on them; nothing is drained first.',
		},
		openstack_compute_servergroup_v2: 'server group',
	},
	Network: {
		openstack_networking_port_v2: 'port',
		openstack_networking_network_v2: 'network',
		openstack_networking_subnet_v2: 'subnet',
		openstack_networking_router_v2: 'router',
		openstack_networking_router_interface_v2: ['interface of the router', 'interfaces of the router'],
		openstack_networking_secgroup_v2: 'security group',
		openstack_networking_secgroup_rule_v2: ['rule of a security group', 'rules of security groups'],
	},
	'Load balancer': {
		openstack_networking_floatingip_v2: {
			name: 'floating address',
			plural: 'floating addresses',
			costs: 'the floating address by the hour',
			loss: losses.address,
		},
		openstack_networking_floatingip_associate_v2: ['use of the floating address', 'uses of the floating address'],
		openstack_lb_loadbalancer_v2: {
			name: 'load balancer',
			costs: 'the load balancer by the hour',
		},
		openstack_lb_listener_v2: 'listener',
		openstack_lb_pool_v2: 'pool',
		openstack_lb_monitor_v2: 'monitor',
		openstack_lb_members_v2: ['list of members', 'lists of members'],
		stackit_loadbalancer: {
			name: 'load balancer',
			costs: 'the load balancer by the hour',
		},
	},
});
