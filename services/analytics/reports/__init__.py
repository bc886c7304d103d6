"""Reports over the facts: sales, funnel, lead sources, income, top products."""
