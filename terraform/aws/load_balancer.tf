resource "aws_eip" "load_balancer" {
  domain = "vpc"
  tags   = merge(local.tags, { Name = "${local.cluster}-load-balancer" })
}

resource "aws_security_group" "load_balancer" {
  name_prefix = "${local.cluster}-lb-"
  description = "Load balancer of ${local.cluster}"
  vpc_id      = aws_vpc.cluster.id
  tags        = merge(local.tags, { Name = "${local.cluster}-load-balancer" })
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  # Nodes come in through their NAT gateways; everybody else only from the ranges that the config names.
  ways_in = merge([
    for service, entry in local.ports : merge(
      { for range in var.source_ranges : "${service} from ${range}" => { service = service, range = range } },
      entry.nodes ? { for zone in local.zones : "${service} from nodes in ${zone}" => { service = service, range = "${aws_eip.nat[zone].public_ip}/32" } } : {},
    )
  ]...)
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  for_each          = local.ways_in
  security_group_id = aws_security_group.load_balancer.id
  description       = each.key
  cidr_ipv4         = each.value.range
  ip_protocol       = "tcp"
  from_port         = local.ports[each.value.service].port
  to_port           = local.ports[each.value.service].port
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  for_each                     = local.ports
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "${each.key} to the control planes"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = local.tags
}

# One zone and one address: nodes look for exactly one load balancer with the uid, and refuse one that has more than one address.
resource "aws_lb" "control_plane" {
  name                             = "${local.cluster}-loadbalancer"
  load_balancer_type               = "network"
  internal                         = false
  enable_cross_zone_load_balancing = true
  security_groups                  = [aws_security_group.load_balancer.id]
  tags                             = merge(local.tags, { Name = "${local.cluster}-load-balancer" })

  subnet_mapping {
    subnet_id     = aws_subnet.public[var.cloud.zone].id
    allocation_id = aws_eip.load_balancer.id
  }

  lifecycle {
    # Another subnet or address would replace it, and with it the address that everybody knows. Clouds that only speak the API of AWS
    # do not report the address.
    ignore_changes = [subnet_mapping, subnets]
  }
}

# A control plane that asks the load balancer may be answered by itself: with the client's address preserved that would fail.
resource "aws_lb_target_group" "service" {
  for_each             = local.ports
  name                 = "${local.cluster}-${each.key}"
  port                 = each.value.port
  protocol             = "TCP"
  vpc_id               = aws_vpc.cluster.id
  preserve_client_ip   = "false"
  deregistration_delay = "60"
  tags                 = merge(local.tags, { Name = "${local.cluster}-${each.key}" })

  health_check {
    port                = tostring(each.value.port)
    protocol            = each.key == "kubernetes" ? "HTTPS" : "TCP"
    path                = each.key == "kubernetes" ? "/readyz" : null
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "service" {
  for_each          = local.ports
  load_balancer_arn = aws_lb.control_plane.arn
  port              = each.value.port
  protocol          = "TCP"
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service[each.key].arn
  }
}
