SELECT epoch, position FROM outbox_notice_incarnation()
