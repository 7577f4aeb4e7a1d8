"""Brokers of others as a way in and out for events: NATS JetStream, RabbitMQ, MQTT and Redis Streams."""
