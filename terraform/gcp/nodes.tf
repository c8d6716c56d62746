resource "google_compute_instance_template" "group" {
  for_each         = local.groups
  name_prefix      = "${local.cluster}-${substr(replace(each.key, "_", "-"), 0, 1)}-"
  description      = "Machines of node group ${each.key} of ${local.cluster}"
  machine_type     = each.value.instance_type
  min_cpu_platform = var.cloud.technology == "SEV_SNP" ? "AMD Milan" : null
  tags             = [local.network_tag]
  labels = merge(local.labels, {
    constellation-role       = each.value.role
    constellation-node-group = each.key
  })

  # A bcrypt hash has characters that labels forbid. The second entry tells the autoscaler what a node keeps for itself.
  metadata = {
    constellation-init-secret-hash = var.init_secret_hash
    serial-port-enable             = "TRUE"
    kube-env                       = "AUTOSCALER_ENV_VARS: kube_reserved=cpu=1060m,memory=1019Mi,ephemeral-storage=41Gi;node_labels=;os=linux;os_distribution=cos;evictionHard="
  }

  # SEV is what an unset type means; setting it would replace every template.
  confidential_instance_config {
    enable_confidential_compute = true
    confidential_instance_type  = var.cloud.technology == "SEV_SNP" ? "SEV_SNP" : null
  }

  # A confidential VM cannot be moved while it runs.
  scheduling {
    on_host_maintenance = "TERMINATE"
  }

  shielded_instance_config {
    enable_secure_boot          = false
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  disk {
    source_image = each.value.image
    disk_size_gb = 10
    boot         = true
    auto_delete  = true
    mode         = "READ_WRITE"
  }

  # The image finds its state disk under this name.
  disk {
    device_name  = "state-disk"
    disk_size_gb = each.value.disk_size
    disk_type    = each.value.disk_type
    type         = "PERSISTENT"
    boot         = false
    auto_delete  = true
    mode         = "READ_WRITE"
  }

  network_interface {
    subnetwork = google_compute_subnetwork.nodes.id
    alias_ip_range {
      ip_cidr_range         = "/24"
      subnetwork_range_name = local.cluster
    }
  }

  service_account {
    email  = var.cloud.service_account
    scopes = ["cloud-platform"]
  }

  lifecycle {
    create_before_destroy = true
    # Nothing of a template can be changed, and one that machines were made from cannot be replaced. Upgrades in the cluster make copies
    # with other images; another machine type is for another node group.
    ignore_changes = all

    precondition {
      condition     = can(regex("^(n2d|c2d|c3d)-", each.value.instance_type))
      error_message = "Machine type ${each.value.instance_type} of node group ${each.key} has no AMD SEV. Choose one of n2d, c2d or c3d, such as n2d-standard-4."
    }
    precondition {
      condition     = var.cloud.technology != "SEV_SNP" || startswith(each.value.instance_type, "n2d-")
      error_message = "Machine type ${each.value.instance_type} of node group ${each.key} has no SEV-SNP. Choose one of n2d, such as n2d-standard-4."
    }
    precondition {
      condition     = startswith(each.value.zone, "${var.cloud.region}-")
      error_message = "Zone ${each.value.zone} of node group ${each.key} lies outside region ${var.cloud.region}, where the subnet is."
    }
  }
}

resource "google_compute_instance_group_manager" "group" {
  for_each           = local.groups
  name               = "${local.cluster}-${replace(each.key, "_", "-")}"
  base_instance_name = "${local.cluster}-${each.value.role}"
  zone               = each.value.zone
  target_size        = each.value.count

  version {
    instance_template = google_compute_instance_template.group[each.key].id
  }

  # Running nodes are replaced by the cluster, one by one; never by the group.
  update_policy {
    type           = "OPPORTUNISTIC"
    minimal_action = "REPLACE"
  }

  dynamic "named_port" {
    for_each = each.value.role == "control-plane" ? local.ports : {}
    content {
      name = named_port.key
      port = named_port.value.port
    }
  }

  # A control plane that Google repairs keeps its disk and its address.
  dynamic "stateful_disk" {
    for_each = each.value.role == "control-plane" ? [true] : []
    content {
      device_name = "state-disk"
      delete_rule = "ON_PERMANENT_INSTANCE_DELETION"
    }
  }

  dynamic "stateful_internal_ip" {
    for_each = each.value.role == "control-plane" ? [true] : []
    content {
      interface_name = "nic0"
      delete_rule    = "ON_PERMANENT_INSTANCE_DELETION"
    }
  }

  lifecycle {
    # The number of machines and their template are changed in the running cluster, by scaling and by upgrades.
    ignore_changes = [target_size, version]
  }

  depends_on = [google_compute_router_nat.cluster, google_compute_firewall.nodes]
}
