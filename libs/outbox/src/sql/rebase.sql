SELECT epoch, position FROM outbox_rebase()
