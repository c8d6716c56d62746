output "config" {
  description = "Values for the provider section of the config."
  value = {
    subscription         = var.cloud.subscription
    tenant               = azurerm_user_assigned_identity.nodes.tenant_id
    location             = var.cloud.location
    resourceGroup        = azurerm_resource_group.cluster.name
    userAssignedIdentity = azurerm_user_assigned_identity.nodes.id
  }
}
