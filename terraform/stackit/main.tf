# A cluster on STACKIT: servers, network and floating address through OpenStack, which alone can give servers tags and metadata; the load
# balancer in front of the control planes is STACKIT's own. No credentials of the cloud come here: nodes get theirs over attested TLS.

terraform {
  required_version = ">= 1.4.6"

  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = ">= 3.2, < 4.0"
    }
    stackit = {
      source  = "stackitcloud/stackit"
      version = ">= 0.100, < 1.0"
    }
  }
}

provider "openstack" {
  cloud = var.cloud.cloud != "" ? var.cloud.cloud : null
}

provider "stackit" {
  default_region = var.cloud.region
}

locals {
  confidential_flavor = "Confidential flavors are called like m1a.4cd."
  flavor_is_confidential = {
    for name, group in var.node_groups : name => can(regex("^m1a\\.[0-9]+cd$", group.instance_type))
  }
}
