"""Glue crawlers that really infer: objects to tables, documents to columns."""

from localaws.crawler.service import CrawlerService

__all__ = ["CrawlerService"]
