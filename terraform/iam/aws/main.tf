# Identities of the nodes of a cluster on AWS: one role and instance profile for the control planes, one for the workers.

terraform {
  required_version = ">= 1.4.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.40, < 7.0"
    }
  }
}

provider "aws" {
  region = var.cloud.region
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

locals {
  roles = {
    control-plane = { statements = concat(local.discovery, local.control_plane), managed = ["service-role/AmazonEBSCSIDriverPolicy"] }
    worker        = { statements = concat(local.discovery, local.worker), managed = ["service-role/AmazonEBSCSIDriverPolicy"] }
  }

  # Only what carries the uid of a cluster may be changed; which cluster that is, is not known yet.
  of_a_cluster = { Null = { "aws:ResourceTag/constellation-uid" = "false" } }

  # What every node asks to find its peers and the load balancer, and where it writes its boot log. These calls know no resources.
  discovery = [
    {
      Sid      = "Discovery"
      Effect   = "Allow"
      Action   = ["ec2:DescribeInstances", "ec2:DescribeRegions", "elasticloadbalancing:DescribeLoadBalancers", "logs:DescribeLogGroups", "tag:GetResources"]
      Resource = "*"
    },
    {
      Sid      = "BootLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:ListTagsForResource", "logs:ListTagsLogGroup", "logs:PutLogEvents"]
      Resource = "arn:${data.aws_partition.current.partition}:logs:*:${data.aws_caller_identity.current.account_id}:log-group:*"
    },
  ]

  worker = [
    {
      Sid      = "Images"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeRepositories", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:GetRepositoryPolicy", "ecr:ListImages"]
      Resource = "*"
    },
  ]

  control_plane = [
    {
      Sid    = "Look"
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeTags",
        "ec2:DescribeAvailabilityZones", "ec2:DescribeImages", "ec2:DescribeInstanceStatus", "ec2:DescribeInternetGateways", "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVolumes", "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "kms:DescribeKey",
      ]
      Resource = "*"
    },
    {
      Sid       = "ReplaceNodes"
      Effect    = "Allow"
      Action    = ["autoscaling:LaunchInstances", "autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup", "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"]
      Resource  = "*"
      Condition = local.of_a_cluster
    },
    # autoscaling:LaunchInstances asks for this too. Machines are made from the template of a cluster only; what else it makes has no tags yet.
    {
      Sid       = "LaunchFromTemplate"
      Effect    = "Allow"
      Action    = ["ec2:CreateFleet"]
      Resource  = "arn:${data.aws_partition.current.partition}:ec2:*:${data.aws_caller_identity.current.account_id}:launch-template/*"
      Condition = local.of_a_cluster
    },
    {
      Sid    = "Launch"
      Effect = "Allow"
      Action = ["ec2:CreateFleet"]
      Resource = concat(
        [for kind in ["fleet", "instance", "network-interface", "security-group", "subnet", "volume"] : "arn:${data.aws_partition.current.partition}:ec2:*:${data.aws_caller_identity.current.account_id}:${kind}/*"],
        ["arn:${data.aws_partition.current.partition}:ec2:*::image/*", "arn:${data.aws_partition.current.partition}:ec2:*::snapshot/*"],
      )
    },
    # New versions of the launch template name the profile that machines start with.
    {
      Sid      = "GiveMachinesTheirRole"
      Effect   = "Allow"
      Action   = ["iam:PassRole"]
      Resource = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.name_prefix}_*"
      Condition = {
        StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" }
      }
    },
    # Load balancers, their rules and volumes that Kubernetes makes. It tags what it makes with the name of the cluster.
    {
      Sid    = "MakeForServices"
      Effect = "Allow"
      Action = [
        "ec2:CreateRoute", "ec2:CreateSecurityGroup", "ec2:CreateTags", "ec2:CreateVolume",
        "elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup",
      ]
      Resource = "*"
    },
    {
      Sid    = "ChangeForServices"
      Effect = "Allow"
      Action = [
        "ec2:AttachVolume", "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteRoute", "ec2:DeleteSecurityGroup", "ec2:DeleteVolume", "ec2:DetachVolume",
        "ec2:ModifyInstanceAttribute", "ec2:ModifyVolume", "ec2:RevokeSecurityGroupIngress",
        "elasticloadbalancing:DeleteListener", "elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:RegisterTargets",
      ]
      Resource = "*"
    },
    {
      Sid      = "FirstLoadBalancer"
      Effect   = "Allow"
      Action   = ["iam:CreateServiceLinkedRole"]
      Resource = "arn:${data.aws_partition.current.partition}:iam::*:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"
      Condition = {
        StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" }
      }
    },
  ]
}

resource "aws_iam_role" "node" {
  for_each = local.roles
  name     = "${var.name_prefix}_${replace(each.key, "-", "_")}_role"
  tags     = var.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_policy" "node" {
  for_each = local.roles
  name     = "${var.name_prefix}_${replace(each.key, "-", "_")}_policy"
  policy   = jsonencode({ Version = "2012-10-17", Statement = each.value.statements })
  tags     = var.tags
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each   = local.roles
  role       = aws_iam_role.node[each.key].name
  policy_arn = aws_iam_policy.node[each.key].arn
}

resource "aws_iam_role_policy_attachment" "managed" {
  for_each   = merge([for role, entry in local.roles : { for policy in entry.managed : "${role} ${policy}" => { role = role, policy = policy } }]...)
  role       = aws_iam_role.node[each.value.role].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/${each.value.policy}"
}

resource "aws_iam_instance_profile" "node" {
  for_each = local.roles
  name     = "${var.name_prefix}_${replace(each.key, "-", "_")}_profile"
  role     = aws_iam_role.node[each.key].name
  tags     = var.tags
}
