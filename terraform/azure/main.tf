# A cluster on Azure: in a resource group that exists, one network, scale sets of confidential VMs, a gateway for their way out, and one
# load balancer in front of the control planes.

terraform {
  required_version = ">= 1.4.6"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.60, < 5.0"
    }
  }
}

provider "azurerm" {
  subscription_id = var.cloud.subscription
  # Only what is used here: registering everything needs rights that nobody should have.
  resource_provider_registrations = "none"
  resource_providers_to_register  = ["Microsoft.Attestation", "Microsoft.Compute", "Microsoft.Insights", "Microsoft.ManagedIdentity", "Microsoft.Network"]

  features {}
}

locals {
  cluster = "${var.name}-${var.uid}"

  # A group without an image is not made yet: everything around it is.
  groups = { for name, group in var.node_groups : name => group if group.image != "" }
  # Nodes find each other, their role and the load balancer by these tags; nothing else may carry the uid.
  tags = merge(var.tags, { constellation-uid = var.uid })
  at   = { resource_group_name = var.cloud.resource_group, location = var.cloud.location }

  node_range = "10.9.0.0/16"

  # What the load balancer passes to the control planes. Nodes reach it through the NAT gateway.
  ports = {
    kubernetes   = { port = 6443, nodes = true, priority = 110 }
    bootstrapper = { port = 9000, nodes = false, priority = 111 }
    konnectivity = { port = 8132, nodes = true, priority = 112 }
    verify       = { port = 30081, nodes = false, priority = 113 }
    recovery     = { port = 9999, nodes = false, priority = 114 }
    join         = { port = 30090, nodes = true, priority = 115 }
  }
}

# Nodes refuse to start without a component that carries the uid.
resource "azurerm_application_insights" "boot" {
  name                = local.cluster
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  application_type    = "other"
  tags                = local.tags
}

resource "azurerm_attestation_provider" "cluster" {
  count               = var.cloud.attestation_provider ? 1 : 0
  name                = "constell${var.uid}"
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  tags                = local.tags

  lifecycle {
    # Azure fills in policies of its own; the one that counts here is set after the provider is there.
    ignore_changes = [open_enclave_policy_base64, sgx_enclave_policy_base64, tpm_policy_base64, sev_snp_policy_base64]
  }
}
