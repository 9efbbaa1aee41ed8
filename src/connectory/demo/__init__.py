"""The demo's provider: a task board answered inside the process, without a socket, an account or a network."""

from connectory.demo.transport import DemoTransport

__all__ = ["DemoTransport"]
