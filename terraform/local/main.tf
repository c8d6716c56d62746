# The cloud in miniature: Terraform starts and stops one machine service and tells it which node groups to have.
#
# Every thing has two resources. The guard is made first, destroyed last, and owns the removal. The other one owns the creation. When
# a creation fails or is interrupted, Terraform marks that resource as tainted and skips its destroy provisioner; the guard has no
# creation that could fail, so the removal always runs. Commands are started by the runtime that runs the tool, found by its full path.

terraform {
  required_version = ">= 1.4.6"
}

locals {
  spec = {
    uid            = var.uid
    name           = var.name
    network        = { for key, value in var.cloud.network : key => value if value != null }
    loadBalancer   = var.cloud.load_balancer
    initSecretHash = var.init_secret_hash
    dataHome       = var.cloud.data_home
  }
  program = {
    runtime = var.cloud.runtime
    program = var.cloud.program
    folder  = var.cloud.folder
    # Somebody may have removed the image that the program belongs to. That must not make the cluster impossible to remove.
    run_or_tell = "if [ -x \"$0\" ] && [ -f \"$1\" ]; then exec \"$0\" \"$@\"; else echo \"$1 is gone; constellation terminate removes what is left\"; fi"
  }
}

resource "terraform_data" "machine_service_guard" {
  input            = local.program
  triggers_replace = [var.uid, var.cloud.folder]

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-c", self.output.run_or_tell, self.output.runtime, self.output.program, "ctl", "--folder", self.output.folder]
    command     = "stop"
  }
}

resource "terraform_data" "machine_service" {
  input            = merge(terraform_data.machine_service_guard.output, { spec = jsonencode(local.spec) })
  triggers_replace = terraform_data.machine_service_guard.id

  provisioner "local-exec" {
    interpreter = [self.output.runtime, self.output.program, "ctl", "--folder", self.output.folder]
    command     = "start"
    environment = { CONSTELLATION_SPEC = self.output.spec }
  }
}

resource "terraform_data" "node_group_guard" {
  for_each         = var.node_groups
  input            = local.program
  triggers_replace = terraform_data.machine_service.id

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-c", self.output.run_or_tell, self.output.runtime, self.output.program, "ctl", "--folder", self.output.folder, "group-delete"]
    command     = each.key
  }
}

# A changed count makes a new terraform_data, not new machines: the machine service keeps the ones it has.
resource "terraform_data" "node_group" {
  for_each         = var.node_groups
  input            = merge(local.program, { group = jsonencode({ role = each.value.role, image = each.value.image, size = each.value.count }) })
  triggers_replace = [{ role = each.value.role, image = each.value.image, count = each.value.count }, terraform_data.node_group_guard[each.key].id]

  provisioner "local-exec" {
    interpreter = [self.output.runtime, self.output.program, "ctl", "--folder", self.output.folder, "group-apply"]
    command     = each.key
    environment = { CONSTELLATION_SPEC = self.output.group }
  }
}
