# The identity of the nodes of a cluster on Azure, and the resource group of the cluster. The identity lies in a group of its own, so
# that emptying the group of the cluster does not take it away.

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
  subscription_id                 = var.cloud.subscription
  resource_provider_registrations = "none"
  resource_providers_to_register  = ["Microsoft.ManagedIdentity"]

  features {
    # Somebody may have put other things into the group; those are not ours to delete.
    resource_group {
      prevent_deletion_if_contains_resources = true
    }
  }
}

resource "azurerm_resource_group" "cluster" {
  name     = var.name_prefix
  location = var.cloud.location
  tags     = var.tags
}

resource "azurerm_resource_group" "identity" {
  name     = "${var.name_prefix}-identity"
  location = var.cloud.location
  tags     = var.tags
}

resource "azurerm_user_assigned_identity" "nodes" {
  name                = "${var.name_prefix}-nodes"
  resource_group_name = azurerm_resource_group.identity.name
  location            = azurerm_resource_group.identity.location
  tags                = var.tags
}

# What the nodes do in the group of the cluster: find each other, replace machines, make load balancers and disks for Kubernetes.
resource "azurerm_role_definition" "nodes" {
  name        = "Constellation nodes of ${var.name_prefix}"
  description = "What the nodes of a Constellation cluster call"
  scope       = azurerm_resource_group.cluster.id

  permissions {
    actions = [
      "Microsoft.Compute/disks/*",
      "Microsoft.Compute/snapshots/*",
      "Microsoft.Compute/virtualMachineScaleSets/read",
      "Microsoft.Compute/virtualMachineScaleSets/write",
      "Microsoft.Compute/virtualMachineScaleSets/delete/action",
      "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/*",
      "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces/read",
      "Microsoft.Insights/components/read",
      "Microsoft.Network/loadBalancers/*",
      "Microsoft.Network/networkInterfaces/read",
      "Microsoft.Network/networkSecurityGroups/join/action",
      "Microsoft.Network/networkSecurityGroups/read",
      "Microsoft.Network/networkSecurityGroups/securityRules/*",
      "Microsoft.Network/networkSecurityGroups/write",
      "Microsoft.Network/publicIPAddresses/*",
      "Microsoft.Network/virtualNetworks/read",
      "Microsoft.Network/virtualNetworks/subnets/join/action",
      "Microsoft.Network/virtualNetworks/subnets/read",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
    ]
  }
}

resource "azurerm_role_assignment" "nodes" {
  scope              = azurerm_resource_group.cluster.id
  role_definition_id = azurerm_role_definition.nodes.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.nodes.principal_id
  principal_type     = "ServicePrincipal"
}

# Machines that the nodes make get the same identity.
resource "azurerm_role_assignment" "identity" {
  scope                = azurerm_user_assigned_identity.nodes.id
  role_definition_name = "Managed Identity Operator"
  principal_id         = azurerm_user_assigned_identity.nodes.principal_id
  principal_type       = "ServicePrincipal"
}
