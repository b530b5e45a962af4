// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code greeting.service.*}.
 *
 * @param url where the greeting service is, as in {@code http://greeting-service:3000}; the
 *     database greets without it
 * @param connectTimeout how long a connection may take
 * @param readTimeout how long an answer may take
 * @param openFor how long the service is not asked after it has failed
 */
@ConfigurationProperties("greeting.service")
record GreetingServiceProperties(
    @Nullable URI url,
    @DefaultValue("500ms") Duration connectTimeout,
    @DefaultValue("1s") Duration readTimeout,
    @DefaultValue("10s") Duration openFor) {}
