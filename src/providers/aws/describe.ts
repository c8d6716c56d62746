import {losses, planWords} from '../plan-words.ts';

/** What the resources of the modules for AWS are to a person. */
export const awsPlanWords = planWords({
	Machines: {
		aws_autoscaling_group: {
			name: 'auto-scaling group',
			costs: 'machines by the hour (SEV-SNP adds to the price), and an EBS root and state disk each',
			loss: losses.disks,
		},
		aws_launch_template: 'launch template',
	},
	Network: {
		aws_vpc: ['network (VPC)', 'networks (VPC)'],
		aws_subnet: 'subnet',
		aws_internet_gateway: 'internet gateway',
		aws_eip: {
			name: 'public address',
			plural: 'public addresses',
			costs: 'public addresses by the hour',
			loss: losses.address,
		},
		aws_nat_gateway: {
			name: 'NAT gateway',
			costs: 'one NAT gateway a zone, by the hour and by what goes through it',
		},
		aws_route_table: 'route table',
		aws_route: 'route',
		aws_route_table_association: 'route table association',
		aws_security_group: 'security group',
		aws_vpc_security_group_ingress_rule: ['rule for what comes in', 'rules for what comes in'],
		aws_vpc_security_group_egress_rule: ['rule for what goes out', 'rules for what goes out'],
	},
	'Load balancer': {
		aws_lb: {
			name: 'network load balancer',
			costs: 'the load balancer by the hour and by capacity units, and traffic between zones',
		},
		aws_lb_listener: 'listener',
		aws_lb_target_group: 'target group',
	},
	Identity: {
		aws_iam_role: 'role',
		aws_iam_policy: ['policy', 'policies'],
		aws_iam_role_policy_attachment: 'policy attachment',
		aws_iam_instance_profile: {
			name: 'instance profile',
			loss: 'Machines that use the instance profiles lose every permission at once.',
		},
	},
	Logs: {
		aws_cloudwatch_log_group: {
			name: 'log group',
			costs: 'logs by what is written',
			loss: losses.bootLogs,
		},
	},
});
