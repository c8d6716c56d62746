resource "azurerm_public_ip" "load_balancer" {
  name                = "${local.cluster}-lb"
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  allocation_method   = "Static"
  sku                 = "Standard"
  domain_name_label   = local.cluster
  tags                = local.tags
}

resource "azurerm_lb" "control_plane" {
  name                = local.cluster
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  sku                 = "Standard"
  tags                = local.tags

  frontend_ip_configuration {
    name                 = "PublicIPAddress"
    public_ip_address_id = azurerm_public_ip.load_balancer.id
  }

  lifecycle {
    # Kubernetes adds front ends for Services.
    ignore_changes = [frontend_ip_configuration]
  }
}

resource "azurerm_lb_backend_address_pool" "control_plane" {
  name            = "${local.cluster}-control-plane"
  loadbalancer_id = azurerm_lb.control_plane.id
}

resource "azurerm_lb_probe" "service" {
  for_each            = local.ports
  name                = each.key
  loadbalancer_id     = azurerm_lb.control_plane.id
  port                = each.value.port
  protocol            = each.key == "kubernetes" ? "Https" : "Tcp"
  request_path        = each.key == "kubernetes" ? "/readyz" : null
  interval_in_seconds = 5
}

# The gateway owns the way out.
resource "azurerm_lb_rule" "service" {
  for_each                       = local.ports
  name                           = each.key
  loadbalancer_id                = azurerm_lb.control_plane.id
  frontend_ip_configuration_name = "PublicIPAddress"
  frontend_port                  = each.value.port
  backend_port                   = each.value.port
  protocol                       = "Tcp"
  backend_address_pool_ids       = [azurerm_lb_backend_address_pool.control_plane.id]
  probe_id                       = azurerm_lb_probe.service[each.key].id
  disable_outbound_snat          = true
  tcp_reset_enabled              = true
  idle_timeout_in_minutes        = 30
}
