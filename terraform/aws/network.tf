# The pods use 10.244.0.0/16 and the services 10.96.0.0/12: the network of the nodes stays away from both.
resource "aws_vpc" "cluster" {
  cidr_block = "192.168.0.0/16"
  tags       = merge(local.tags, { Name = "${local.cluster}-vpc" })

  lifecycle {
    # Every letter has a subnet of its own: a local zone such as us-west-2-lax-1a would take that of us-west-2a.
    precondition {
      condition     = alltrue([for zone in local.zones : can(regex("^${var.cloud.region}[a-m]$", zone))])
      error_message = "Node groups lie in zones of region ${var.cloud.region}, like ${var.cloud.region}a; zones of other regions and local zones do not fit: ${join(", ", local.zones)}."
    }
  }
}

resource "aws_subnet" "nodes" {
  for_each          = local.zones
  vpc_id            = aws_vpc.cluster.id
  availability_zone = each.key
  cidr_block        = cidrsubnet("192.168.176.0/20", 4, local.zone_number[each.key])
  tags              = merge(local.tags, local.cluster_tags, { Name = "${local.cluster}-nodes", "kubernetes.io/role/internal-elb" = "1" })

  lifecycle {
    precondition {
      condition     = sum(concat([0], [for group in values(var.node_groups) : group.count if group.zone == each.key])) <= 250
      error_message = "The nodes in zone ${each.key} share 250 addresses: that is the most of all groups there together."
    }
  }
}

resource "aws_subnet" "public" {
  for_each          = local.zones
  vpc_id            = aws_vpc.cluster.id
  availability_zone = each.key
  cidr_block        = cidrsubnet("192.168.0.0/20", 4, local.zone_number[each.key])
  tags              = merge(local.tags, local.cluster_tags, { Name = "${local.cluster}-public", "kubernetes.io/role/elb" = "1" })
}

resource "aws_internet_gateway" "cluster" {
  vpc_id = aws_vpc.cluster.id
  tags   = merge(local.tags, { Name = "${local.cluster}-internet" })
}

resource "aws_eip" "nat" {
  for_each = local.zones
  domain   = "vpc"
  tags     = merge(local.tags, { Name = "${local.cluster}-nat" })
}

resource "aws_nat_gateway" "zone" {
  for_each      = local.zones
  subnet_id     = aws_subnet.public[each.key].id
  allocation_id = aws_eip.nat[each.key].id
  tags          = merge(local.tags, { Name = "${local.cluster}-nat" })
  depends_on    = [aws_internet_gateway.cluster]
}

resource "aws_route_table" "nodes" {
  for_each = local.zones
  vpc_id   = aws_vpc.cluster.id
  tags     = merge(local.tags, { Name = "${local.cluster}-nodes" })
}

resource "aws_route" "nodes" {
  for_each               = local.zones
  route_table_id         = aws_route_table.nodes[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.zone[each.key].id
}

resource "aws_route_table_association" "nodes" {
  for_each       = local.zones
  subnet_id      = aws_subnet.nodes[each.key].id
  route_table_id = aws_route_table.nodes[each.key].id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.cluster.id
  tags   = merge(local.tags, { Name = "${local.cluster}-public" })
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.cluster.id
}

resource "aws_route_table_association" "public" {
  for_each       = local.zones
  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

# The nodes take nothing from outside but what the load balancer passes on.
resource "aws_security_group" "nodes" {
  name_prefix = "${local.cluster}-nodes-"
  description = "Nodes of ${local.cluster}"
  vpc_id      = aws_vpc.cluster.id
  tags        = merge(local.tags, local.cluster_tags, { Name = "${local.cluster}-nodes" })
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id = aws_security_group.nodes.id
  description       = "Container images, cloud APIs, Kubernetes components"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  tags              = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "between_nodes" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "Everything between nodes"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "-1"
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "from_load_balancer" {
  for_each                     = local.ports
  security_group_id            = aws_security_group.nodes.id
  description                  = "${each.key} through the load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = local.tags
}
