"""The engine role: live books in, plans out. `main.main()` runs until SIGTERM."""
