variable "name" {
  type        = string
  description = "Name of the cluster."
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,24}[a-z0-9])?$", var.name))
    error_message = "On OpenStack the name has 1 to 26 lower-case letters, digits and hyphens, and starts with a letter."
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
    condition     = sum(concat([0], [for group in values(var.node_groups) : group.count])) <= 250
    error_message = "The nodes share 250 addresses: that is the most of all groups together."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.instance_type != null && group.zone != null && group.disk_size != null && group.disk_type != null])
    error_message = "A node group names its instance type (a flavor), zone, disk size and disk type."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.image == "" || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", group.image))])
    error_message = "The image of a node group is the id of an image: lower-case hex digits in groups of 8, 4, 4, 4 and 12."
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
  description = "More tags for every resource that has some, written as key=value. Keys of the cluster itself are not allowed."
  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(key, "constellation-") && length(regexall(",", "${key}${value}")) == 0 && length("${key}=${value}") <= 60])
    error_message = "Tags have at most 60 characters without commas; keys that start with constellation- belong to the cluster."
  }
}

variable "cloud" {
  type = object({
    cloud            = string
    region           = optional(string)
    floating_ip_pool = string
    dns_servers      = optional(list(string), [])
  })
  description = "What OpenStack alone needs: the entry of clouds.yaml to use (empty: OS_* variables), region, id of the network that floating addresses come from, and name servers for the nodes (none: those of the cloud)."
}
