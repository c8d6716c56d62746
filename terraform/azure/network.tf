# Pods use 10.244.0.0/16 and services 10.96.0.0/12. Nodes take the first subnet that a network with their uid has.
resource "azurerm_virtual_network" "cluster" {
  name                = local.cluster
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  address_space       = [local.node_range]
  tags                = local.tags
}

resource "azurerm_subnet" "nodes" {
  name                            = "${local.cluster}-node"
  resource_group_name             = local.at.resource_group_name
  virtual_network_name            = azurerm_virtual_network.cluster.name
  address_prefixes                = [local.node_range]
  default_outbound_access_enabled = false
}

resource "azurerm_public_ip" "nat" {
  name                = "${local.cluster}-nat"
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  allocation_method   = "Static"
  sku                 = "Standard"
  tags                = local.tags
}

resource "azurerm_nat_gateway" "cluster" {
  name                    = local.cluster
  resource_group_name     = local.at.resource_group_name
  location                = local.at.location
  sku_name                = "Standard"
  idle_timeout_in_minutes = 10
  tags                    = local.tags
}

resource "azurerm_nat_gateway_public_ip_association" "cluster" {
  nat_gateway_id       = azurerm_nat_gateway.cluster.id
  public_ip_address_id = azurerm_public_ip.nat.id
}

resource "azurerm_subnet_nat_gateway_association" "nodes" {
  subnet_id      = azurerm_subnet.nodes.id
  nat_gateway_id = azurerm_nat_gateway.cluster.id
}

# What Azure allows by itself stays: everything inside the network, and the probes of the load balancer.
resource "azurerm_network_security_group" "nodes" {
  name                = local.cluster
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  tags                = local.tags
}

locals {
  open_to = {
    for service, entry in local.ports : service => concat(var.source_ranges, entry.nodes ? ["${azurerm_public_ip.nat.ip_address}/32"] : [])
    if entry.nodes || length(var.source_ranges) > 0
  }
}

# Rules of their own, not inside the group: Kubernetes adds others, which a later plan must leave alone.
resource "azurerm_network_security_rule" "service" {
  for_each                    = { for service, entry in local.ports : service => entry if entry.nodes || length(var.source_ranges) > 0 }
  name                        = each.key
  resource_group_name         = local.at.resource_group_name
  network_security_group_name = azurerm_network_security_group.nodes.name
  priority                    = each.value.priority
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefixes     = local.open_to[each.key]
  destination_port_range      = tostring(each.value.port)
  destination_address_prefix  = "*"
}
