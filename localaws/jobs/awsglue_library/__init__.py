"""The folder that the Python path of local job runs ends with: it holds our own `awsglue`."""

from pathlib import Path

FOLDER = Path(__file__).parent
