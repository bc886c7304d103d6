"""The ways out: mail over SMTP or into the mailbox, pushes to FCM or its simulator."""
