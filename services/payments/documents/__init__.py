"""What invoices and credit notes share: gapless numbers and the printed form."""
