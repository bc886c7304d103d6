"""Starting a payment: from an order to the page where it is paid."""
