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
 * @param url the URL of the greeting service, for example {@code http://greeting-service:3000};
 *     without a URL, the database computes the greetings
 * @param connectTimeout the timeout for connecting
 * @param readTimeout the timeout for the response
 * @param openFor the time for which the service is not called after failures
 */
@ConfigurationProperties("greeting.service")
record GreetingServiceProperties(
    @Nullable URI url,
    @DefaultValue("500ms") Duration connectTimeout,
    @DefaultValue("1s") Duration readTimeout,
    @DefaultValue("10s") Duration openFor) {}
