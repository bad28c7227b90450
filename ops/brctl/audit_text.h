// The report of an audit, for people.
#pragma once

#include <string>

#include "schemas/audit_report.h"

namespace ops::brctl {

std::string audit_text(const schemas::AuditReport& report);

}  // namespace ops::brctl
