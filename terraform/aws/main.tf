# A cluster on AWS: one network, one node subnet and one public subnet a zone, auto-scaling groups of confidential VMs, and one
# network load balancer with one address in front of the control planes.

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

locals {
  cluster = "${var.name}-${var.uid}"

  # A group without an image is not made yet: everything around it is.
  groups = { for name, group in var.node_groups : name => group if group.image != "" }

  # Nodes find each other, their role and the load balancer by these tags; nothing else may carry the uid.
  tags         = merge(var.tags, { constellation-uid = var.uid })
  cluster_tags = { "kubernetes.io/cluster/${local.cluster}" = "owned" }

  # Zones that need a node subnet, a way out and a way in.
  zones       = toset(concat([var.cloud.zone], [for group in values(var.node_groups) : group.zone]))
  zone_number = { for zone in local.zones : zone => index(split("", "abcdefghijklm"), substr(zone, -1, 1)) + 3 }

  # What the load balancer passes to the control planes. Nodes reach it through their NAT gateways.
  ports = {
    kubernetes   = { port = 6443, nodes = true }
    bootstrapper = { port = 9000, nodes = false }
    konnectivity = { port = 8132, nodes = true }
    verify       = { port = 30081, nodes = false }
    recovery     = { port = 9999, nodes = false }
    join         = { port = 30090, nodes = true }
  }
}

# Nodes refuse to start without a log group that carries the uid.
resource "aws_cloudwatch_log_group" "boot" {
  name              = local.cluster
  retention_in_days = 30
  tags              = local.tags
}
