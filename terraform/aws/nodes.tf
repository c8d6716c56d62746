data "aws_ec2_instance_type" "group" {
  for_each      = local.groups
  instance_type = each.value.instance_type
}

data "aws_ami" "group" {
  for_each = local.groups
  filter {
    name   = "image-id"
    values = [each.value.image]
  }
  # The config names the image; whose it is decide its measurements, not its owner.
  allow_unsafe_filter = true
}

resource "aws_launch_template" "group" {
  for_each               = local.groups
  name_prefix            = "${local.cluster}-${replace(each.key, "_", "-")}-"
  image_id               = each.value.image
  instance_type          = each.value.instance_type
  vpc_security_group_ids = [aws_security_group.nodes.id]
  update_default_version = true
  tags                   = merge(local.tags, { constellation-node-group = each.key })

  iam_instance_profile {
    name = each.value.role == "control-plane" ? var.cloud.iam_profile_control_plane : var.cloud.iam_profile_worker
  }

  # Unset where SNP is not wanted: "disabled" would still ask for hardware that has it.
  dynamic "cpu_options" {
    for_each = var.cloud.sev_snp ? [true] : []
    content {
      amd_sev_snp = "enabled"
    }
  }

  # The image finds its state disk under this name. The node encrypts it with a key of its own; this encryption is only one more.
  block_device_mappings {
    device_name = "/dev/sdb"
    ebs {
      volume_size           = each.value.disk_size
      volume_type           = each.value.disk_type
      encrypted             = "true"
      delete_on_termination = "true"
    }
  }

  # Two hops, so that pods reach the service; no tags in it, because EC2 refuses the key of the cluster there.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "disabled"
  }

  lifecycle {
    create_before_destroy = true
    # Upgrades in the cluster make new versions of the template with other images.
    ignore_changes = [image_id, cpu_options, name_prefix, default_version, update_default_version]

    precondition {
      condition     = !var.cloud.sev_snp || contains(data.aws_ec2_instance_type.group[each.key].supported_cpu_features, "amd-sev-snp")
      error_message = "Instance type ${each.value.instance_type} of node group ${each.key} has no SEV-SNP. Choose another type, such as m6a.xlarge, or the variant aws-nitro-tpm."
    }
    precondition {
      condition     = data.aws_ec2_instance_type.group[each.key].nitro_tpm_support == "supported"
      error_message = "Instance type ${each.value.instance_type} of node group ${each.key} has no NitroTPM, so that nothing measures its boot."
    }
    precondition {
      condition     = data.aws_ec2_instance_type.group[each.key].default_vcpus >= 4
      error_message = "Instance type ${each.value.instance_type} of node group ${each.key} has fewer than 4 virtual CPUs."
    }
    precondition {
      condition     = data.aws_ami.group[each.key].tpm_support == "v2.0"
      error_message = "Image ${each.value.image} of node group ${each.key} was registered without a TPM 2.0. Its nodes could not prove anything."
    }
  }
}

resource "aws_autoscaling_group" "group" {
  for_each            = local.groups
  name                = "${local.cluster}-${replace(each.key, "_", "-")}"
  min_size            = min(each.value.count, 1)
  desired_capacity    = each.value.count
  max_size            = 201
  vpc_zone_identifier = [aws_subnet.nodes[each.value.zone].id]
  target_group_arns   = each.value.role == "control-plane" ? [for group in aws_lb_target_group.service : group.arn] : []
  # SEV-SNP machines boot slowly, and AWS starts those again that do not.
  wait_for_capacity_timeout = var.cloud.sev_snp ? "25m" : "10m"

  launch_template {
    id = aws_launch_template.group[each.key].id
  }

  dynamic "tag" {
    for_each = merge(var.tags, local.cluster_tags, {
      Name                           = "${local.cluster}-${each.value.role}"
      constellation-uid              = var.uid
      constellation-role             = each.value.role
      constellation-node-group       = each.key
      constellation-init-secret-hash = var.init_secret_hash
    })
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    # The number of machines and their template are changed in the running cluster, by scaling and by upgrades.
    ignore_changes = [min_size, max_size, desired_capacity, launch_template]
  }

  # Machines need a way out while they start.
  depends_on = [aws_route.nodes, aws_route_table_association.nodes, aws_cloudwatch_log_group.boot, aws_lb_listener.service]
}
