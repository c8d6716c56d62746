variable "name" {
  type        = string
  description = "Name of the cluster."
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,7}[a-z0-9])?$", var.name))
    error_message = "On AWS the name has 1 to 9 lower-case letters, digits and hyphens, and starts with a letter: load balancers allow 32 characters in all."
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
  description = "Groups of machines by name. Terraform owns the groups, the cloud makes the machines. Sizes are in gigabytes. Without an image a group is not made yet."
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["control-plane", "worker"], group.role)])
    error_message = "The role of a node group is control-plane or worker."
  }
  validation {
    condition     = anytrue([for group in values(var.node_groups) : group.role == "control-plane" && group.count > 0])
    error_message = "There is at least one control plane."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.count >= 0 && group.count <= 200 && floor(group.count) == group.count])
    error_message = "The count of a node group is a whole number from 0 to 200."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.instance_type != null && group.zone != null && group.disk_size != null && group.disk_type != null])
    error_message = "A node group on AWS names its instance type, zone, disk size and disk type."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.image == "" || can(regex("^ami-[0-9a-f]+$", group.image))])
    error_message = "The image of a node group is an AMI, like ami-0123456789abcdef0."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["gp3", "gp2", "io1", "st1", "sc1", "standard"], coalesce(group.disk_type, "gp3"))])
    error_message = "The disk type is gp3, gp2, io1, st1, sc1 or standard."
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
  description = "Who may reach the public ports: address ranges like 198.51.100.0/24. Empty: nobody but the nodes."
  validation {
    condition     = alltrue([for range in var.source_ranges : can(cidrnetmask(range))])
    error_message = "A source range is an IPv4 range like 198.51.100.0/24."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "More tags for every resource. Keys of the cluster itself are not allowed."
  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "constellation-") && !startswith(key, "kubernetes.io/") && key != "Name"])
    error_message = "Name and keys that start with constellation- or kubernetes.io/ belong to the cluster."
  }
}

variable "cloud" {
  type = object({
    region                    = string
    zone                      = string
    iam_profile_control_plane = string
    iam_profile_worker        = string
    sev_snp                   = bool
  })
  description = "What AWS alone needs: region, zone of the load balancer, instance profiles by name, and whether machines run with SEV-SNP."
  validation {
    condition     = can(regex("^${var.cloud.region}[a-m]$", var.cloud.zone))
    error_message = "The zone of the load balancer is one of the region, like ${var.cloud.region}a; local zones have no network load balancer for this."
  }
}
