variable "name" {
  type        = string
  description = "Name of the cluster."
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,35}[a-z0-9])?$", var.name))
    error_message = "The name has 1 to 37 lower-case letters, digits and hyphens, and starts and ends with a letter or digit."
  }
}

variable "uid" {
  type        = string
  description = "Identifier of the cluster, made by the CLI: 8 lower-case hex digits."
  validation {
    condition     = can(regex("^[0-9a-f]{8}$", var.uid))
    error_message = "The uid has 8 lower-case hex digits."
  }
}

variable "node_groups" {
  type = map(object({
    role          = string
    image         = string
    count         = number
    instance_type = optional(string)
    zone          = optional(string)
    disk_size     = optional(number)
    disk_type     = optional(string)
  }))
  description = "Groups of machines by name. Terraform owns the groups, the machine service makes the machines."
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["control-plane", "worker"], group.role)])
    error_message = "The role of a node group is control-plane or worker."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.count >= 0 && group.count <= 200 && floor(group.count) == group.count])
    error_message = "The count of a node group is a whole number from 0 to 200."
  }
}

variable "control_plane_endpoint" {
  type        = string
  default     = ""
  description = "Name or address under which users reach the control plane; empty: that of the load balancer."
}

variable "init_secret_hash" {
  type        = string
  description = "bcrypt hash of the init secret. The secret itself never comes here."
  validation {
    condition     = can(regex("^\\$2[aby]\\$[0-9]{2}\\$.{53}$", var.init_secret_hash))
    error_message = "The init secret hash is a bcrypt hash."
  }
}

variable "source_ranges" {
  type        = list(string)
  default     = []
  description = "Not used: only this machine reaches the addresses of the cluster."
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Not used: nothing here has tags."
}

variable "cloud" {
  type = object({
    folder        = string
    data_home     = string
    runtime       = string
    program       = string
    network       = object({ kind = string, prefix = optional(string), firstPort = optional(number) })
    load_balancer = map(string)
  })
  description = "What this provider alone needs: where the machine service keeps its files, the runtime and program that start it, and the addresses claimed for the cluster."
}
