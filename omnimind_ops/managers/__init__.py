"""Who starts and stops services: systemd here."""
