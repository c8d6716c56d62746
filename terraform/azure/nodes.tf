resource "azurerm_linux_virtual_machine_scale_set" "group" {
  for_each            = local.groups
  name                = "${local.cluster}-${replace(each.key, "_", "-")}"
  resource_group_name = local.at.resource_group_name
  location            = local.at.location
  # Names of machines have at most 63 characters, of which Azure takes six.
  computer_name_prefix = "${local.cluster}-${each.value.role}-"
  sku                  = each.value.instance_type
  instances            = each.value.count
  zones                = each.value.zone == null ? null : [each.value.zone]
  source_image_id      = each.value.image
  tags = merge(local.tags, {
    constellation-role             = each.value.role
    constellation-node-group       = each.key
    constellation-init-secret-hash = var.init_secret_hash
    constellation-maa-url          = one(azurerm_attestation_provider.cluster[*].attestation_uri) == null ? "" : one(azurerm_attestation_provider.cluster[*].attestation_uri)
  })

  # Azure wants somebody who could log in; the image has no login, and the private half of this key was thrown away.
  admin_username                  = "adminuser"
  disable_password_authentication = true
  admin_ssh_key {
    username   = "adminuser"
    public_key = var.cloud.ssh_public_key
  }

  # The image has no agent and says itself that it has started.
  provision_vm_agent           = false
  extension_operations_enabled = false

  # Machines are replaced by the cluster, one by one; a surplus one would try to join.
  overprovision          = false
  single_placement_group = false
  upgrade_mode           = "Manual"

  vtpm_enabled        = true
  secure_boot_enabled = var.cloud.secure_boot

  # The encryption of the guest state is what makes Azure start a confidential VM. The state disk is encrypted by the node itself.
  os_disk {
    caching                  = "ReadWrite"
    storage_account_type     = "Premium_LRS"
    security_encryption_type = var.cloud.confidential ? "VMGuestStateOnly" : null
  }

  # The image finds its state disk under this number.
  data_disk {
    lun                  = 0
    caching              = "ReadWrite"
    create_option        = "Empty"
    disk_size_gb         = each.value.disk_size
    storage_account_type = each.value.disk_type
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.cloud.identity]
  }

  # The serial console, kept by Azure: the only way to see a machine boot.
  boot_diagnostics {}

  network_interface {
    name                      = "node-network"
    primary                   = true
    network_security_group_id = azurerm_network_security_group.nodes.id

    ip_configuration {
      name                                   = "node-network"
      primary                                = true
      subnet_id                              = azurerm_subnet.nodes.id
      load_balancer_backend_address_pool_ids = each.value.role == "control-plane" ? [azurerm_lb_backend_address_pool.control_plane.id] : []
    }
  }

  lifecycle {
    # The number of machines and their image are changed in the running cluster, by scaling and by upgrades.
    ignore_changes = [instances, source_image_id, tags["constellation-made"]]

    precondition {
      condition     = !var.cloud.confidential || can(regex("^Standard_(DC|EC)[0-9]+(as|ads|es|eds)_(cc_)?v[56]$", each.value.instance_type))
      error_message = "Machine type ${each.value.instance_type} of node group ${each.key} is no confidential VM. Choose one of the DCas, DCads, ECas, ECads (AMD) or DCes, DCeds, ECes, ECeds (Intel) types, such as Standard_DC4as_v5."
    }
    precondition {
      condition     = var.cloud.confidential || !can(regex("^Standard_(DC|EC)", each.value.instance_type))
      error_message = "Machine type ${each.value.instance_type} of node group ${each.key} runs confidential VMs only. Trusted launch needs another, such as Standard_D4as_v5."
    }
    precondition {
      condition     = var.cloud.confidential || !startswith(each.value.image, "/communityGalleries/")
      error_message = "Community galleries serve no images for trusted launch. Import the image into a gallery of your own and name that."
    }
  }

  depends_on = [azurerm_subnet_nat_gateway_association.nodes, azurerm_nat_gateway_public_ip_association.cluster, azurerm_network_security_rule.service, azurerm_application_insights.boot]
}
