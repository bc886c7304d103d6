"""Users, tenants, sessions, roles and registrations: who may do what, for whom."""
