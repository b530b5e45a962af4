// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/** An application as users have it, with everything on its class path. */
@SpringBootApplication
class TestApplication {}
